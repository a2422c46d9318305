"""`make bench`: fv beside plain git on generated vaults.

Law: whole processes, the two in turn, in one run; ratios of medians are what counts, since machines differ. Nothing
here is part of the test suite, and no test measures time.
"""

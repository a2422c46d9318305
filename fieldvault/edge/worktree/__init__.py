"""The working files: `walking` finds those that may have changed, `files` reads them, `adding` brings new ones,
`replacing` puts one version in place of another, and `swap` is how.
"""

"""What commands print: reports in, lines or one JSON object out.

Law: facts come in, sentences come from messages/; nothing is decided here and nothing is read but the report.
"""

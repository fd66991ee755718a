"""`inhouse doctor --live`: what we assume about Slack, tried in a real channel.

`assumptions` is the table, `examination` runs the checks, and the files between them are the checks, each
about one part of Slack. Nothing here knows files, models or the database.
"""

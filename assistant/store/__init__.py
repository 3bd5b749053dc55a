"""What outlives the process: one SQLite file, with a repository a table.

A new table takes its migration, appended to `migrations.MIGRATIONS` (those that were released never change); its file,
with a repository that gets the `Database`, reads with `read`, changes with `write`, takes the time from `now`, and is
made in `Store`; and its test beside it. A version also takes a file of the version before, with rows in it, in
`tests/store/versions.py`: the tests of the migrations fail until it is there.
"""

"""Intake from the system of record: one path for the API's batches and for CSV files.

rows.py says what a row holds, batch.py takes rows in, one module a kind plans and writes them (people.py, diary.py,
catalogue.py, memberships.py, credit_lots.py, payments.py), csv_files.py reads files and jobs.py takes a file in
piece by piece.
"""

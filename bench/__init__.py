"""Figures that anyone can repeat: each bench runs the product and, in the same run, a floor that does the same work.

`python manage.py bench NAME`; docs/performance.md says how and keeps the last figures. Nothing imports this package but
that command.
"""

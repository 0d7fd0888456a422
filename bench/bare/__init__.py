"""Floors behind the same web server and the same queue: the least that could be called the same work, in raw SQL."""

"""The API's routes of this floor; the top floor puts them under /api/v1 (medspa/api.py)."""

from members.api import reading, writing  # noqa: F401  (each adds its routes)
from members.api.routes import router

__all__ = ["router"]

"""The one router of this floor: ways to write and to read the same thing share an address."""

from ninja import Router

router = Router()

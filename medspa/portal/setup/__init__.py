"""Settings: who the practice is, where and when it is open, what it offers, what it is connected to, going live."""

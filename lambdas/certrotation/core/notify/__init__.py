"""Notifications: which mails are sent, when they are sent, and their text."""

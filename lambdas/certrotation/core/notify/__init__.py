"""Notifications: which mails are sent, when, and their text."""

"""Alarms, dashboard, logs and saved queries."""

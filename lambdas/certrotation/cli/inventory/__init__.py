"""The verb `inventory`: what is read, how it is judged, and how it is shown."""

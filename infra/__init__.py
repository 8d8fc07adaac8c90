"""The stack: two functions, the queue between them and the schedule that starts it all."""

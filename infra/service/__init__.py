"""The functions, their queues and topics, and the events that start them."""

"""What endpoints serve: where they are, what they answer, and what that means."""

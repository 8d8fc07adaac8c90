"""A rotation: from the request to the plan of each Region, and the outcome."""

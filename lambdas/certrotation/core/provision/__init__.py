"""A custom resource of CloudFormation: what it asks for, and what it is answered."""

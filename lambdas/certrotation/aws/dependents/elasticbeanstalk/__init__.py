"""Environments of Elastic Beanstalk."""

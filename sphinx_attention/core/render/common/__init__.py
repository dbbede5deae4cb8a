"""Drawing that several views share."""

"""What several views draw alike."""

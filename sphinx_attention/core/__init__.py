"""What knows no host: requests, capture, store, figures, drawing."""

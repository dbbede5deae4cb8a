"""The core, which knows no host: requests, capture, store, figures, drawing."""

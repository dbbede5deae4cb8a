"""A core set of browser tests that run in Firefox and in WebKit (`make test-browsers`)."""

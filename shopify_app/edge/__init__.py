"""The edge of every request: ids, access log, metrics, health, HTTPS and error pages."""

"""The proxy's own names, once: metrics, paths of its HTTP addresses, fields of the access line."""

# Metrics
RELOADS = "sallyport_config_reloads_total"  # label result: applied, refused
LAST_RELOAD_OK = "sallyport_config_last_reload_successful"
OPEN = "sallyport_connections_open"
ACCEPTED = "sallyport_connections_accepted_total"
ENDED = "sallyport_connections_ended_total"  # labels scenario, reason
LIMITS = "sallyport_limit_reached_total"  # label limit
BACKOFFS = "sallyport_accept_backoffs_total"
HANDSHAKES = "sallyport_tls_handshakes_total"  # labels side, version, resumed, client_auth
HANDSHAKE_FAILURES = "sallyport_tls_handshake_failures_total"  # labels side, reason, client_auth
CLIENT_CERTIFICATES = "sallyport_client_certificates_total"  # label verdict
CERTIFICATE_EXPIRY = "sallyport_certificate_expiry_timestamp_seconds"  # label secret
CRL_EXPIRY = "sallyport_crl_expiry_timestamp_seconds"  # label secret
TICKET_KEYS = "sallyport_ticket_keys"
TICKET_KEY_AGE = "sallyport_ticket_key_age_seconds"
CERTIFICATES_UNCHECKED = "sallyport_certificates_unchecked"
CERTIFICATES_BAD = "sallyport_certificates_bad_total"
BYTES = "sallyport_bytes_total"  # labels scenario, from
PIPES = "sallyport_pipes"
SPLICED = "sallyport_spliced_bytes_total"
KERNEL_TLS = "sallyport_kernel_tls_connections_total"  # labels side, kernel, reason
KERNEL_TLS_KEY_UPDATES = "sallyport_kernel_tls_key_updates_total"  # label side
CONNECT_FAILURES = "sallyport_backend_connect_failures_total"
RESOLVER_FAILURES = "sallyport_resolver_failures_total"
ROUTE_REQUESTS = "sallyport_route_requests_total"  # labels site, route, service, status
SERVICE_REQUESTS = "sallyport_service_requests_total"  # labels service, status
SERVICE_ENDPOINTS = "sallyport_service_endpoints"  # labels service, health
HEALTH_CHECKS = "sallyport_service_health_checks_total"  # labels service, result
OBJECTS = "sallyport_config_objects"  # label kind

# Log
ACCEPTING_PAUSES = "accepting pauses"

# Paths
HEALTHZ = "/healthz"
READYZ = "/readyz"
METRICS = "/metrics"
API_CONFIG = "/api/v1/config"
API_CONNECTIONS = "/api/v1/connections"
API_SITES = "/api/v1/sites"
API_SERVICES = "/api/v1/services"
API_CERTIFICATES = "/api/v1/certificates"

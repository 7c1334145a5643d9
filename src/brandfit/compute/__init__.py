"""Where loops run: threads and processes of this machine; elsewhere, a cluster with the same map."""

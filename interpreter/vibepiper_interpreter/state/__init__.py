"""What has been applied: environments, versions, runs, leases."""

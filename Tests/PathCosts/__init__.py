"""What one request costs on each path through the gateway: instructions and allocations, held to the figures in costs.json."""

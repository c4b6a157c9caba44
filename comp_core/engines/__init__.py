"""Where independent pieces of work are done: in this process, or on the machines of a cluster."""

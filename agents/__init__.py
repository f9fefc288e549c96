"""Who does the work: agent definitions, the agent loop, tools, model adapters, flows and plans."""

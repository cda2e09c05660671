"""From a project's folder to its declared pipelines and assets, with every mistake in its exact place."""

"""From the compiled project to text: typed stubs, migrations, templates."""

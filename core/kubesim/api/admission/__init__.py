"""The built-in admission plugins: what a request may do, and what they add to objects, after authorisation."""

"""Small inline pictures: SVG built here, PNG from raw pixels. Nothing is loaded, nothing runs."""

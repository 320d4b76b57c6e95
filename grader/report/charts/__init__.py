"""Small inline pictures: SVG made here, PNG made from raw pixels. Nothing is loaded, nothing runs."""

"""The words everyone shares, pure and stateless: JSON trees, requests, keys, quantities, selectors, patches, errors."""

"""The rules that advisories of this field have taught; ``test_rules.py`` lists them."""

"""Reports that can be mailed: what is known of a brand, who suits it and why, on one page."""

"""What Shopify shows of members: metafields and tags of ours on its customers, and nothing else."""

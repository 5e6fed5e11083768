"""The pages inside Shopify admin: each behind `admin_page`, in one transaction of one shop."""

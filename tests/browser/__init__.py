"""The pages in a real browser, inside an admin of another site that frames them."""

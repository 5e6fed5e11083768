"""The admin around the app: a page of another site that frames it, and its own App Bridge."""

"""The words that seeded stores are made of: names, streets, goods and places."""

from __future__ import annotations

FIRST_NAMES = (
    "Amelia Ben Chloe Daniel Elena Felix Grace Hugo Isla Jonas Keira Leo Maya Noah Olive Paul "
    "Quinn Rosa Samir Tessa Umar Vera Wes Xenia Yusuf Zoe Anton Bianca Carlos Dilara Emil Freya "
    "Goran Hanna Ivo June Kofi Lena Milo Nadia Oscar Petra Rafael Sofia Theo Ursula Viktor Wanda"
).split()
LAST_NAMES = (
    "Abbott Becker Castillo Dubois Eriksen Fischer Garcia Hughes Ivanova Jensen Kowalski Larsen "
    "Moreau Nguyen Okafor Patel Quiroga Rossi Schmidt Tanaka Ueda Vogel Walsh Xu Young Zimmer "
    "Almeida Brandt Costa Doyle Evans Ferrari Grant Haddad Ito Janssen Keller Lopez Meyer Novak"
).split()
STREETS = ("Cedar Street", "Mill Lane", "Harbour Road", "Station Street", "Park Avenue", "High St")

# title, product type, price, collection
PRODUCTS = (
    ("Ridge Trail Pack 28L", "Packs", "129.00", "Packs"),
    ("Ridge Day Pack 16L", "Packs", "84.50", "Packs"),
    ("Canyon Dry Bag", "Packs", "24.90", "Packs"),
    ("Merino Base Layer", "Clothing", "69.95", "Clothing"),
    ("Storm Shell Jacket", "Clothing", "219.00", "Clothing"),
    ("Trail Socks, two pairs", "Clothing", "18.40", "Clothing"),
    ("Wool Beanie", "Clothing", "27.00", "Clothing"),
    ("Alpine Gloves", "Clothing", "44.99", "Clothing"),
    ("Steel Bottle 750 ml", "Kitchen", "32.00", "Camp kitchen"),
    ("Titanium Mug", "Kitchen", "38.50", "Camp kitchen"),
    ("Gas Stove Mini", "Kitchen", "58.00", "Camp kitchen"),
    ("Freeze-dried Chili", "Food", "9.90", "Camp kitchen"),
    ("Two-person Tent", "Shelter", "349.00", "Shelter"),
    ("Down Quilt", "Shelter", "259.00", "Shelter"),
    ("Headlamp 400", "Light", "49.90", "Light"),
    ("Camp Lantern", "Light", "36.75", "Light"),
)

# domain's handle -> what the shop is
SHOPS = {
    "aurora": {
        "name": "Aurora Outdoor",
        "owner": "Olivia Hart",
        "currency": "USD",
        "timezone": "America/New_York",
        "taxes_included": False,
        "tax": ("NY State Tax", "0.08"),
        "address": (
            "48 Water Street",
            "New York",
            "New York",
            "NY",
            "10004",
            "United States",
            "US",
        ),
        "phone": "+12125550100",
        "places": (
            ("Aurora Soho", "112 Prince Street", "New York", "10012", 40.7250, -73.9995),
            ("Aurora Brooklyn", "85 Bedford Avenue", "Brooklyn", "11249", 40.7213, -73.9573),
        ),
    },
    "borealis": {
        "name": "Borealis",
        "owner": "Birgit Lange",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "taxes_included": True,
        "tax": ("MwSt.", "0.19"),
        "address": ("Torstrasse 12", "Berlin", None, None, "10119", "Germany", "DE"),
        "phone": "+493055501000",
        "places": (
            ("Borealis Mitte", "Torstrasse 12", "Berlin", "10119", 52.5294, 13.4017),
            ("Borealis Hafen", "Am Sandtorkai 5", "Hamburg", "20457", 53.5435, 9.9915),
        ),
    },
}

# The cast that tests and guides speak of: (first, last, email, phone) is customer one of a shop.
CAST = {
    "aurora": ("Alice", "Nightingale", "alice@example.com", "+12125550111"),
    "borealis": ("Bob", "Sommer", "bob@example.com", "+493055501111"),
}
# code -> percent off
CODES = {"WELCOME10": 10, "SPRING15": 15, "FRIENDS10": 10}
STAFF = (("Sam", "Reyes"), ("Priya", "Nair"))

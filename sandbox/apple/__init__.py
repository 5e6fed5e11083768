"""A stand-in for Apple: certificates, APNs and iPhones that obey iOS's rules.

It imports none of Encore's packages: what it refuses, it refuses on its own reading.
"""

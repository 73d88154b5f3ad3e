"""Kingdee 云星空 (K/3 Cloud): its Web API, the bills we read, and the vouchers we post."""

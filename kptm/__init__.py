"""kptm"""

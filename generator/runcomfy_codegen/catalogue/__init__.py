"""Stored schemas and the live catalogue: bringing models in, and taking them out.

entries   one response of the catalogue -> the models in it, each with its exact schema text
reader    the pages of the catalogue, over our own client
cursor    where an interrupted pull goes on
waiting   what a pull waits for, on standard error
store     what a model of the catalogue changes in its folder
pull      ``runcomfy-codegen pull``: the order of events and the report
removal   ``remove``, ``rename``, and marking what vanished as deprecated
"""

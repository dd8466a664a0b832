"""Stored schemas for programs in other languages: ``runcomfy-codegen export``.

models       a stored model with everything that exports need, demo values apart from defaults
openapi      one OpenAPI 3.1 document of the whole API
bundle       one JSON Schema document with all models
typescript   one TypeScript module of types
"""

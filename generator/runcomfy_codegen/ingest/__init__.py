"""From documentation pages to stored schemas: ``runcomfy-codegen add``.

sources  what an argument means: a file, a folder, a URL, standard input
web      pages behind URLs
text     bytes to text, HTML to text, offsets to line and column
blocks   the JSON blocks of a text, each with its exact place
anchors  the model id, from the places on a page where it stands
roles    which block is the input schema, the output schema, the example
quality  what a page is worth: complete, readable, English, rendered
page     all of it put together: a document becomes one page, or its faults
choice   the better of several pages of one model, and why
store    the folder of a model: what is there, what would change, the writing
command  the arguments, the order of events, the report
"""

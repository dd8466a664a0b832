"""The expected outcome of each fault of the mock service, by action.

``ok`` is a result, or a cancellation, and a saved file; every other word is an error of
``cells.OUTCOMES``. Where a cell has two, the first comes when the fault strikes once, the second when it
strikes always: a poll is then repeated until the deadline, and a submit, a cancel or a download two
times. ``-``: the fault is none of the action's. ``cut+…``: the download breaks off once before it.
"""

from __future__ import annotations

__all__ = ["TABLE"]

TABLE = """
# fault                 submit         status         result         cancel         download
# The connection breaks, crawls, or never ends.
connection_refused      ok/Connection  ok/Deadline    ok/Deadline    ok/Connection  ok/Download
reset_before_accept     Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
closed_before_accept    Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
reset_after_accept      Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
answer_lost             Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
reset_in_headers        Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
closed_in_headers       Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
truncated_body          Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok
reset_in_body           Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok
length_too_long         Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
length_too_short        Unknown        ok/Deadline    ok/Deadline    ok/Cut         ok
length_negative         Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
no_length               ok             ok             ok             ok             ok
bad_chunk               Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
cut_chunks              Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
no_http                 Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
long_headers            Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
gzip_garbage            Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
gzip_cut                Unknown        ok/Deadline    ok/Deadline    ok/Cut         ok/Download
huge_body               Unknown        ok/Deadline    ok/Deadline    ok/Connection  Refused
endless_body            Unknown        ok/Deadline    ok/Deadline    ok/Connection  Refused
endless_headers         Unknown        Deadline       Deadline       Deadline       Deadline
gzip_bomb               Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
gzip_twice              Unknown        ok/Deadline    ok/Deadline    ok/Connection  ok/Download
slow_headers            Unknown        Deadline       Deadline       Deadline       Deadline
slow_body               Unknown        Deadline       Deadline       Deadline       Deadline
stalled_body            Unknown        ok/Deadline    ok/Deadline    ok/Deadline    ok/Deadline
silence                 Unknown        ok/Deadline    ok/Deadline    ok/Deadline    ok/Deadline
# Whole answers: statuses, errors with HTTP 200, redirects, web pages.
http_400                NotFound       ok/NotFound    ok/NotFound    ok/NotFound    Download
http_401                Auth           Auth           Auth           Auth           Download
http_402                Balance        Balance        Balance        Balance        Download
http_403                Permission     Permission     Permission     Permission     Download
http_404                NotFound       ok/NotFound    ok/NotFound    ok/NotFound    Download
http_405                Rejected       Rejected       Rejected       Rejected       Download
http_408                Unknown        ok/Deadline    ok/Deadline    ok/Server      ok/Download
http_409                Rejected       Rejected       Rejected       Rejected       Download
http_410                Rejected       Rejected       Rejected       Rejected       Download
http_413                Rejected       Rejected       Rejected       Rejected       Download
http_422                Rejected       Rejected       Rejected       Rejected       Download
http_425                Unknown        ok/Deadline    ok/Deadline    ok/Server      ok/Download
http_429                ok/Rate        ok/Deadline    ok/Deadline    ok/Rate        ok/Download
http_500                Unknown        ok/Deadline    ok/Deadline    ok/Server      ok/Download
http_501                Unknown        ok/Deadline    ok/Deadline    ok/Server      ok/Download
http_502                Unknown        ok/Deadline    ok/Deadline    ok/Server      ok/Download
http_503                Unknown        ok/Deadline    ok/Deadline    ok/Server      ok/Download
http_504                Unknown        ok/Deadline    ok/Deadline    ok/Server      ok/Download
done_then_408           Unknown        ok/Deadline    ok/Deadline    ok/Server      ok/Download
done_then_500           Unknown        ok/Deadline    ok/Deadline    ok/Server      ok/Download
done_then_502           Unknown        ok/Deadline    ok/Deadline    ok/Server      ok/Download
done_then_503           Unknown        ok/Deadline    ok/Deadline    ok/Server      ok/Download
done_then_504           Unknown        ok/Deadline    ok/Deadline    ok/Server      ok/Download
retry_after_seconds     ok/Rate        ok/Deadline    ok/Deadline    ok/Deadline    ok/Deadline
retry_after_date        ok/Rate        ok/Deadline    ok/Deadline    ok/Deadline    ok/Deadline
retry_after_absurd      Rate           Deadline       Deadline       Deadline       Deadline
retry_after_garbage     ok/Rate        ok/Deadline    ok/Deadline    ok/Rate        ok/Download
retry_after_503         Unknown        ok/Deadline    ok/Deadline    ok/Deadline    ok/Deadline
error_200_400001        NotFound       ok/NotFound    ok/NotFound    ok/NotFound    -
error_200_400002        Balance        Balance        Balance        Balance        -
error_200_400004        Auth           Auth           Auth           Auth           -
error_200_400005        Rejected       NotReady       ok/Deadline    Rejected       -
error_200_403001        Permission     Permission     Permission     Permission     -
error_200_404001        NotFound       ok/NotFound    ok/NotFound    ok/NotFound    -
error_200_429001        Unknown        ok/Deadline    ok/Deadline    ok/Rate        -
error_200_500001        Unknown        ok/Deadline    ok/Deadline    ok/Server      -
error_200_999999        Rejected       Rejected       Rejected       Rejected       -
redirect_301            Unknown        Odd            Odd            Odd            Refused
redirect_302            Unknown        Odd            Odd            Odd            Refused
redirect_303            Unknown        Odd            Odd            Odd            Refused
redirect_307            Unknown        Odd            Odd            Odd            Refused
redirect_308            Unknown        Odd            Odd            Odd            Refused
redirect_loop           Unknown        Odd            Odd            Odd            ok/Download
html_200                Unknown        ok/Deadline    ok/Deadline    ok/Odd         ok/Download
html_404                NotFound       ok/NotFound    ok/NotFound    ok/NotFound    Download
html_502                Unknown        ok/Deadline    ok/Deadline    ok/Server      ok/Download
http_204                Unknown        ok/Deadline    ok/Deadline    ok/Odd         ok/Download
# No JSON, or another one than expected.
empty_body              Unknown        ok/Deadline    ok/Deadline    ok/Odd         -
wrong_json              Unknown        ok/Deadline    ok/Deadline    ok/Odd         -
half_json               Unknown        ok/Deadline    ok/Deadline    ok/Odd         -
two_documents           Unknown        ok/Deadline    ok/Deadline    ok/Odd         -
json_null               Unknown        ok/Deadline    ok/Deadline    ok/Odd         -
json_list               Unknown        ok/Deadline    ok/Deadline    ok/Odd         -
json_text               Unknown        ok/Deadline    ok/Deadline    ok/Odd         -
json_empty              Unknown        ok/Deadline    NoFiles        ok             -
json_deep               Unknown        ok/Deadline    ok/Deadline    ok/Odd         -
json_long_number        ok             ok             ok             ok             -
nul_bytes               Unknown        ok/Deadline    ok/Deadline    ok/Odd         -
bom                     ok             ok             ok             ok             -
utf_16                  ok             ok             ok             ok             -
bad_utf_8               ok             ok             ok             ok             -
lone_surrogate          ok             ok             ok             ok             -
# What a submit says.
missing_request_id      Unknown        -              -              -              -
null_request_id         Unknown        -              -              -              -
number_request_id       Unknown        -              -              -              -
list_request_id         Unknown        -              -              -              -
empty_request_id        Unknown        -              -              -              -
long_request_id         Unknown        -              -              -              -
hostile_request_id      Unknown        -              -              -              -
encoded_request_id      Unknown        -              -              -              -
split_request_id        Unknown        -              -              -              -
host_request_id         Unknown        -              -              -              -
addresses_elsewhere     ok             ok             -              -              -
# What becomes of the job.
job_fails               Failed         Failed         -              -              -
job_fails_in_result     Failed         Failed         -              -              -
job_is_cancelled        Cancelled      Cancelled      -              -              -
endless_queue           Deadline       Deadline       -              -              -
# What the status says.
unknown_status          -              ok/Deadline    -              -              -
missing_status          -              ok/Deadline    ok             -              -
null_status             -              ok/Deadline    ok             -              -
number_status           -              ok/Deadline    ok             -              -
shouted_status          -              ok             ok             -              -
hostile_status          -              ok/Deadline    -              -              -
early_completed         -              ok             -              -              -
text_position           -              ok             -              -              -
negative_position       -              ok             -              -              -
huge_position           -              ok             -              -              -
other_request           -              ok             ok             -              -
# What the result says; the file is saved if there is one.
not_ready_400           -              -              ok/Deadline    -              -
missing_output          -              -              NoFiles        -              -
null_output             -              -              NoFiles        -              -
empty_output            -              -              NoFiles        -              -
number_output           -              -              NoFiles        -              -
bare_output             -              -              ok             -              -
list_output             -              -              ok             -              -
object_output           -              -              ok             -              -
text_cost               -              -              ok             -              -
odd_dates               -              -              ok             -              -
file_elsewhere          -              -              Refused        -              -
file_on_disk            -              -              NoFiles        -              -
file_in_metadata        -              -              Refused        -              -
hostile_url_name        -              -              ok             -              -
absolute_url_name       -              -              ok             -              -
long_url_name           -              -              ok             -              -
nul_url_name            -              -              ok             -              -
same_url_names          -              -              ok             -              -
# What a cancel says.
not_cancellable         -              -              -              ok             -
cancellation_requested  -              -              -              ok             -
unknown_outcome         -              -              -              ok             -
# What the file host says.
hostile_name            -              -              -              -              ok
absolute_name           -              -              -              -              ok
encoded_name            -              -              -              -              ok
windows_name            -              -              -              -              ok
other_type              -              -              -              -              ok
empty_file              -              -              -              -              ok/Download
range_ignored           -              -              -              -              ok
wrong_range             -              -              -              -              ok/Download
not_satisfiable         -              -              -              -              ok/Download
changed_file            -              -              -              -              ok
changed_secretly        -              -              -              -              ok
no_validator            -              -              -              -              ok
weak_validator          -              -              -              -              ok
# What it says when the rest of a file is asked for, after the connection was lost.
cut+range_ignored       -              -              -              -              ok
cut+wrong_range         -              -              -              -              ok/Download
cut+not_satisfiable     -              -              -              -              ok/Download
cut+changed_file        -              -              -              -              ok
cut+changed_secretly    -              -              -              -              ok
cut+no_validator        -              -              -              -              ok
cut+weak_validator      -              -              -              -              ok
cut+http_404            -              -              -              -              Download
cut+http_503            -              -              -              -              ok/Download
cut+html_200            -              -              -              -              ok/Download
cut+length_too_long     -              -              -              -              ok/Download
cut+length_too_short    -              -              -              -              ok
cut+no_length           -              -              -              -              ok
"""

"""runcomfy: a typed, offline-validating client for the RunComfy Model API.

>>> import runcomfy
>>> report = runcomfy.validate("openai/gpt-image-2/edit", {"prompt": "add a hat", "images": []})
>>> print(report.errors[0])
/images: must have at least 1 item, got a list with 0 items

Names are imported when they are used, so that a small script starts fast.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runcomfy.client.async_client import AsyncClient
    from runcomfy.client.catalogue import CataloguePage, ModelEntry
    from runcomfy.client.client import Client
    from runcomfy.client.job import AsyncJob, Job
    from runcomfy.client.output_file import AsyncOutputFile, OutputFile
    from runcomfy.client.result import AsyncResult, Result
    from runcomfy.media.probe.info import MediaInfo
    from runcomfy.model.json_values import UNSET, Unset
    from runcomfy.model.media_source import MediaSource
    from runcomfy.model.output import Output
    from runcomfy.model.pydantic_hooks import Allow
    from runcomfy.model.registry import model_ids, register
    from runcomfy.model.request import Request
    from runcomfy.model.violation import Violation
    from runcomfy.protocol.retries import Polling, Retries
    from runcomfy.validation.lines import validate_lines
    from runcomfy.validation.report import FileReport, Report, Unchecked
    from runcomfy.validation.validate import validate
    from runcomfy.validation.validate_json import validate_json

    from ._version import __version__
    from .errors import (
        AuthenticationFailed,
        BucketError,
        BudgetReached,
        ClientClosed,
        ConfigurationError,
        ConnectionFailed,
        DeadlineExceeded,
        DownloadFailed,
        DownloadRefused,
        IncompatiblePackage,
        InsufficientBalance,
        JobCancelled,
        JobFailed,
        JournalBusy,
        JournalClosed,
        JournalError,
        JournalRefused,
        JournalRestored,
        JournalUnwritable,
        KeyConflict,
        MissingExtra,
        MissingToken,
        NoFiles,
        NotAllSaved,
        NotFound,
        PermissionDenied,
        RateLimited,
        RequestError,
        RequestRejected,
        ResultExpired,
        ResultNotReady,
        RunComfyError,
        ServerFault,
        ServiceError,
        SubmissionUnknown,
        UnexpectedAnswer,
        UnknownModel,
        UnresolvedFiles,
        UploadFailed,
        ValidationError,
    )
    from .journal.entry import Entry
    from .journal.journal import Journal
    from .media.remote import RemoteLimits
    from .status import Cancellation, Status

__all__ = [
    "UNSET",
    "Allow",
    "AsyncClient",
    "AsyncJob",
    "AsyncOutputFile",
    "AsyncResult",
    "AuthenticationFailed",
    "BucketError",
    "BudgetReached",
    "Cancellation",
    "Client",
    "ClientClosed",
    "ConfigurationError",
    "ConnectionFailed",
    "DeadlineExceeded",
    "DownloadFailed",
    "DownloadRefused",
    "Entry",
    "FileReport",
    "IncompatiblePackage",
    "InsufficientBalance",
    "Job",
    "JobCancelled",
    "JobFailed",
    "Journal",
    "JournalBusy",
    "JournalClosed",
    "JournalError",
    "JournalRefused",
    "JournalRestored",
    "JournalUnwritable",
    "KeyConflict",
    "MediaInfo",
    "MediaSource",
    "MissingExtra",
    "MissingToken",
    "NoFiles",
    "NotAllSaved",
    "CataloguePage",
    "ModelEntry",
    "NotFound",
    "Output",
    "OutputFile",
    "PermissionDenied",
    "Polling",
    "RateLimited",
    "RemoteLimits",
    "Report",
    "Request",
    "RequestError",
    "RequestRejected",
    "Result",
    "ResultExpired",
    "Retries",
    "ResultNotReady",
    "RunComfyError",
    "ServerFault",
    "ServiceError",
    "Status",
    "SubmissionUnknown",
    "Unchecked",
    "UnexpectedAnswer",
    "UnknownModel",
    "UnresolvedFiles",
    "Unset",
    "UploadFailed",
    "ValidationError",
    "Violation",
    "__version__",
    "model_ids",
    "register",
    "validate",
    "validate_json",
    "validate_lines",
]

_HOMES = {
    "UNSET": "model.json_values",
    "Allow": "model.pydantic_hooks",
    "AsyncClient": "client.async_client",
    "AsyncJob": "client.job",
    "AsyncOutputFile": "client.output_file",
    "AsyncResult": "client.result",
    "AuthenticationFailed": "errors",
    "BucketError": "errors",
    "BudgetReached": "errors",
    "Cancellation": "status",
    "Client": "client.client",
    "ClientClosed": "errors",
    "ConfigurationError": "errors",
    "ConnectionFailed": "errors",
    "DeadlineExceeded": "errors",
    "DownloadFailed": "errors",
    "DownloadRefused": "errors",
    "Entry": "journal.entry",
    "FileReport": "validation.report",
    "IncompatiblePackage": "errors",
    "InsufficientBalance": "errors",
    "Job": "client.job",
    "JobCancelled": "errors",
    "JobFailed": "errors",
    "Journal": "journal.journal",
    "JournalBusy": "errors",
    "JournalClosed": "errors",
    "JournalError": "errors",
    "JournalRefused": "errors",
    "JournalRestored": "errors",
    "JournalUnwritable": "errors",
    "KeyConflict": "errors",
    "MediaInfo": "media.probe.info",
    "MediaSource": "model.media_source",
    "MissingExtra": "errors",
    "MissingToken": "errors",
    "NoFiles": "errors",
    "CataloguePage": "client.catalogue",
    "ModelEntry": "client.catalogue",
    "NotAllSaved": "errors",
    "NotFound": "errors",
    "Output": "model.output",
    "OutputFile": "client.output_file",
    "PermissionDenied": "errors",
    "Polling": "protocol.retries",
    "RateLimited": "errors",
    "RemoteLimits": "media.remote",
    "Report": "validation.report",
    "Request": "model.request",
    "RequestError": "errors",
    "RequestRejected": "errors",
    "Result": "client.result",
    "ResultExpired": "errors",
    "ResultNotReady": "errors",
    "Retries": "protocol.retries",
    "RunComfyError": "errors",
    "ServerFault": "errors",
    "ServiceError": "errors",
    "Status": "status",
    "SubmissionUnknown": "errors",
    "Unchecked": "validation.report",
    "UnexpectedAnswer": "errors",
    "UnknownModel": "errors",
    "UnresolvedFiles": "errors",
    "Unset": "model.json_values",
    "UploadFailed": "errors",
    "ValidationError": "errors",
    "Violation": "model.violation",
    "__version__": "_version",
    "model_ids": "model.registry",
    "register": "model.registry",
    "validate": "validation.validate",
    "validate_json": "validation.validate_json",
    "validate_lines": "validation.lines",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'runcomfy' has no attribute {name!r}")
    value: object = getattr(__import__(f"{__name__}.{home}", fromlist=(name,)), name)
    if callable(value):
        __import__(f"{__name__}.model.output", fromlist=("lazy_hints",)).lazy_hints(value)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

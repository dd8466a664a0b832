"""What type checkers see: ``run`` gives the model's own output type. mypy and pyright read this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runcomfy import AsyncClient, Client, Output
from runcomfy_models.openai import GptImage2Edit, GptImage2EditOutput

if TYPE_CHECKING:
    from pathlib import Path
    from typing import assert_type

    from runcomfy import AsyncJob, AsyncOutputFile, AsyncResult, Job, OutputFile, Result

    def blocking(client: Client, request: GptImage2Edit) -> None:
        assert_type(client.run(request), Result[GptImage2EditOutput])
        assert_type(client.run(request).output.image, str | None)
        assert_type(client.submit(request), Job[GptImage2EditOutput])
        assert_type(client.submit(request).wait().output, GptImage2EditOutput)
        assert_type(client.job("r1", GptImage2Edit).result().output, GptImage2EditOutput)
        assert_type(client.job("r1"), Job[Output])
        assert_type(client.job(**client.submit(request).as_dict()), Job[Output])
        assert_type(client.run("owner/model", {}).output, Output)
        assert_type(client.run(request).files, list[OutputFile])
        assert_type(client.run(request).save("out"), list[Path])
        assert_type(client.run(request).files[0].save("hat.png"), Path)

    async def awaited(client: AsyncClient, request: GptImage2Edit) -> None:
        result = await client.run(request)
        assert_type(result, AsyncResult[GptImage2EditOutput])
        assert_type(result.output, GptImage2EditOutput)
        assert_type(result.files, list[AsyncOutputFile])
        assert_type(await result.save("out"), list[Path])
        assert_type(await result.files[0].read(), bytes)
        assert_type(await client.submit(request), AsyncJob[GptImage2EditOutput])
        assert_type(client.job("r1", GptImage2Edit), AsyncJob[GptImage2EditOutput])
        async for status in client.job("r1").events():
            assert_type(status.state, str)


def test_the_output_type_at_run_time_is_the_same() -> None:
    assert GptImage2Edit.output_type is GptImage2EditOutput
    assert issubclass(GptImage2EditOutput, Output)
    assert Client.__init__.__annotations__.keys() == AsyncClient.__init__.__annotations__.keys()

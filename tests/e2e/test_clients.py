"""The frameworks that people put between themselves and a model, unmodified, by changing the address alone."""
import asyncio
import os

import pytest

import hearthd as support

MODEL = support.SMALL.removesuffix(".gguf")
EMBEDDER = "all-MiniLM-L6-v2"
KEY = "unused"
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the network for prices


@pytest.fixture(scope="module")
def base(small):
    return small.url + "/v1"


class TestLangchain:
    openai = pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

    @pytest.fixture
    def model(self, base):
        return self.openai.ChatOpenAI(model=MODEL, base_url=base, api_key=KEY, max_retries=0, max_tokens=100, temperature=0,
                                      stream_usage=True, extra_body={"hearth": {"retrieval": False}})

    def test_invoke_and_stream_say_the_same(self, model):
        messages = [("system", "You are brief."), ("human", "Say something about the sea.")]
        reply = model.invoke(messages)
        assert reply.content and 0 < reply.usage_metadata["output_tokens"] <= 100
        chunks = list(model.stream(messages))
        assert len(chunks) > 3 and "".join(chunk.content for chunk in chunks) == reply.content
        [usage] = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
        assert [usage[kind] for kind in ("input_tokens", "output_tokens")] == \
            [reply.usage_metadata[kind] for kind in ("input_tokens", "output_tokens")]
        assert usage["input_token_details"]["cache_read"] > 0, "the second time, the prompt is remembered"

    def test_a_bound_tool_is_called(self, model):
        def multiply(a: int, b: int) -> int:
            """Multiply two numbers."""
            return a * b
        reply = model.bind_tools([multiply], tool_choice="multiply").invoke("What is 6 times 7?")
        assert [call["name"] for call in reply.tool_calls] == ["multiply"]
        assert all(isinstance(value, int) for value in reply.tool_calls[0]["args"].values())
        result = {"role": "tool", "content": "42", "tool_call_id": reply.tool_calls[0]["id"]}
        assert model.invoke([("human", "What is 6 times 7?"), reply, result]).content

    @pytest.mark.parametrize("method", ["json_schema", "function_calling"])
    def test_structured_output(self, model, method):
        import pydantic

        class City(pydantic.BaseModel):
            """A city."""
            name: str = pydantic.Field(max_length=12)
            capital: bool
        found = model.with_structured_output(City, method=method).invoke("Tell me of Oslo.")
        assert isinstance(found, City) and len(found.name) <= 12

    def test_documents_answer_with_their_sources(self, base):
        reply = self.openai.ChatOpenAI(model="hearth", base_url=base, api_key=KEY).invoke("How fast may the kiln be heated?")
        assert "120" in reply.content

    def test_embeddings(self, base):
        embed = self.openai.OpenAIEmbeddings(model=EMBEDDER, base_url=base, api_key=KEY, check_embedding_ctx_length=False)
        rows = embed.embed_documents(["a kiln", "an oven", "the sea"])
        assert [len(row) for row in rows] == [384] * 3

        def dot(a, b):
            return sum(x * y for x, y in zip(a, b))
        assert dot(rows[0], rows[1]) > dot(rows[0], rows[2])

    def test_errors_keep_their_class(self, base):
        import openai
        with pytest.raises(openai.NotFoundError, match="nosuch"):
            self.openai.ChatOpenAI(model="nosuch", base_url=base, api_key=KEY, max_retries=0).invoke("x")
        with pytest.raises(openai.BadRequestError, match="context"):
            self.openai.ChatOpenAI(model=MODEL, base_url=base, api_key=KEY, max_retries=0).invoke("word " * 20000)


class TestInstructor:
    instructor = pytest.importorskip("instructor", reason="instructor is not installed")

    @pytest.mark.parametrize("mode", ["TOOLS", "JSON_SCHEMA"])
    def test_an_answer_is_an_object(self, base, mode):
        import openai
        import pydantic

        class Person(pydantic.BaseModel):
            name: str = pydantic.Field(max_length=12)
            age: int
        client = self.instructor.from_openai(openai.OpenAI(base_url=base, api_key=KEY), mode=self.instructor.Mode[mode])
        found = client.chat.completions.create(model=MODEL, response_model=Person, max_retries=1, temperature=0,
                                               messages=[{"role": "user", "content": "Ada is 36 years old."}])
        assert isinstance(found, Person)


class TestPydanticAi:
    ai = pytest.importorskip("pydantic_ai", reason="pydantic-ai is not installed")

    @pytest.fixture
    def model(self, base):
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider
        return OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=base, api_key=KEY))

    def test_run_and_stream(self, model):
        agent = self.ai.Agent(model, instructions="Be brief.", model_settings={"max_tokens": 24, "temperature": 0})
        said = agent.run_sync("Say something about the sea.")
        assert said.output and said.usage.output_tokens <= 24

        async def streamed():
            async with agent.run_stream("Say something about the sea.") as result:
                return [delta async for delta in result.stream_text(delta=True, debounce_by=None)]
        assert "".join(asyncio.run(streamed())) == said.output

    def test_output_of_a_type(self, model):
        import pydantic

        class City(pydantic.BaseModel):
            name: str = pydantic.Field(max_length=12)
        for output in [City, self.ai.NativeOutput(City)]:
            agent = self.ai.Agent(model, output_type=output, model_settings={"temperature": 0})
            assert isinstance(agent.run_sync("Name a city.").output, City)


class TestLitellm:
    litellm = pytest.importorskip("litellm", reason="litellm is not installed")

    def ask(self, base, **more):
        messages = [{"role": "user", "content": "Say something about the sea."}]
        return self.litellm.completion(**{"model": f"openai/{MODEL}", "api_base": base, "api_key": KEY, "max_tokens": 24,
                                          "temperature": 0, "messages": messages, "num_retries": 0} | more)

    def test_completion_and_stream_say_the_same(self, base):
        text = self.ask(base).choices[0].message.content
        assert text and text == "".join(chunk.choices[0].delta.content or "" for chunk in self.ask(base, stream=True))

    def test_by_way_of_ollama_and_anthropic(self, small):
        ollama = self.ask(small.url, model=f"ollama_chat/{MODEL}")
        assert ollama.choices[0].message.content
        anthropic = self.ask(small.url, model=f"anthropic/{MODEL}")
        assert anthropic.choices[0].message.content == ollama.choices[0].message.content

    def test_embedding_and_rerank(self, small, base):
        reply = self.litellm.embedding(model=f"openai/{EMBEDDER}", input=["a", "b"], api_base=base, api_key=KEY,
                                       encoding_format="float")
        assert len(reply.data) == 2 and len(reply.data[0]["embedding"]) == 384
        ranked = self.litellm.rerank(model=f"cohere/{EMBEDDER}", query="heat a kiln", api_base=small.url, api_key=KEY,
                                     documents=["The sea is blue.", "Kilns are heated slowly."])
        assert ranked.results[0]["index"] == 1

    def test_errors_keep_their_class(self, base):
        with pytest.raises(self.litellm.NotFoundError):
            self.ask(base, model="openai/nosuch")
        with pytest.raises(self.litellm.ContextWindowExceededError):
            self.ask(base, messages=[{"role": "user", "content": "word " * 20000}])

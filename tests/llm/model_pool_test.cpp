#include "llm/model_pool.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "llm/plan.h"
#include "llm/step_turns.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"

namespace hearth::llm {
namespace {

using namespace std::chrono_literals;

class ModelPoolTest : public testing::Test {
  protected:
    void SetUp() override {
        options_.directory = directory_.path("");
        options_.engine.reference = true;
        options_.engine.turns = std::make_shared<StepTurns>();
        write("main", 1);
        write("alpha", 2);
        write("beta", 3);
        EngineOptions engine = options_.engine;
        engine.model_path = file("alpha");
        one_model_ = plan_memory(engine).value().total_bytes();
    }

    std::string file(const std::string& id) const { return directory_.path(id + ".gguf"); }
    void write(const std::string& id, std::uint32_t seed) const {
        const std::string fresh = directory_.path(id + ".new");
        std::ofstream(fresh, std::ios::binary) << test::tiny_model({.seed = seed});
        std::filesystem::rename(fresh, file(id));
    }

    /// A pool with room for `models` beside the pinned one.
    void open(int models) {
        ledger_.emplace(one_model_ * static_cast<std::size_t>(models + 1) + (64u << 10));
        EngineOptions engine = options_.engine;
        engine.model_path = file("main");
        main_ = open_text_model(engine, *ledger_).value();
        pool_.emplace(options_, *main_, *ledger_);
    }

    PooledModel model(const std::string& id) {
        for (PooledModel& each : pool_->list()) {
            if (each.id == id) return each;
        }
        ADD_FAILURE() << id;
        return {};
    }
    bool loaded(const std::string& id) { return model(id).state == ModelState::kLoaded; }
    void eventually(const std::function<bool()>& true_now) {
        const auto give_up = std::chrono::steady_clock::now() + 60s;
        while (!true_now() && std::chrono::steady_clock::now() < give_up) std::this_thread::sleep_for(1ms);
        EXPECT_TRUE(true_now());
    }

    static std::string answer(TextModel& model) {
        GenerateRequest request;
        request.messages.push_back({.role = Role::kUser, .content = "hello"});
        request.max_tokens = 12;
        request.sampling.logit_bias[257] = -100;
        return model.generate(request, {}, {}).value().text;
    }

    test::TempDir directory_;
    ModelPoolOptions options_;
    std::size_t one_model_ = 0;
    std::optional<MemoryLedger> ledger_;
    std::unique_ptr<TextModel> main_;
    std::optional<ModelPool> pool_;
};

TEST_F(ModelPoolTest, ListsTheFolderWithThePinnedModelFirst) {
    open(2);
    const auto list = pool_->list();
    ASSERT_EQ(list.size(), 3u);
    EXPECT_EQ(list[0].id, "main");
    EXPECT_TRUE(list[0].pinned);
    EXPECT_EQ(list[0].state, ModelState::kLoaded);
    EXPECT_EQ(list[1].id, "alpha");
    EXPECT_EQ(list[1].state, ModelState::kUnloaded);
    EXPECT_EQ(list[1].file_bytes, std::filesystem::file_size(file("alpha")));
    EXPECT_FALSE(list[1].info);
}

TEST_F(ModelPoolTest, EachNameAnswersWithItsOwnModel) {
    open(2);
    auto alpha = pool_->use("alpha", {});
    auto beta = pool_->use("beta", {});
    ASSERT_TRUE(alpha.ok() && beta.ok());
    EXPECT_EQ((*alpha)->info().id, "alpha");
    const std::string a = answer(**alpha), b = answer(**beta), m = answer(**pool_->use("main", {}));
    EXPECT_NE(a, b);
    EXPECT_NE(a, m);
    EXPECT_EQ(model("alpha").in_use, 1);
    EXPECT_EQ(model("alpha").memory_bytes, one_model_);
}

TEST_F(ModelPoolTest, AnswersOfTwoModelsAtOnceAreThoseOfEachAlone) {
    open(2);
    auto alpha = pool_->use("alpha", {});
    const std::string alone = answer(**alpha), main_alone = answer(*main_);
    std::vector<std::string> of_alpha(8), of_main(8);
    std::vector<std::jthread> callers;
    for (std::size_t i = 0; i < 8; ++i) {
        callers.emplace_back([&, i] { of_alpha[i] = answer(**alpha); });
        callers.emplace_back([&, i] { of_main[i] = answer(*main_); });
    }
    callers.clear();
    for (std::size_t i = 0; i < 8; ++i) {
        EXPECT_EQ(of_alpha[i], alone);
        EXPECT_EQ(of_main[i], main_alone);
    }
}

TEST_F(ModelPoolTest, UnknownNamesAndPathsAreNotFound) {
    open(1);
    for (const char* id : {"gamma", "", "../main", "alpha.gguf", "/etc/passwd"}) {
        EXPECT_FALSE(pool_->knows(id)) << id;
        EXPECT_EQ(pool_->use(id, {}).error().code, ErrorCode::kNotFound) << id;
        EXPECT_EQ(pool_->unload(id).error().code, ErrorCode::kNotFound) << id;
    }
}

TEST_F(ModelPoolTest, ManyRequestsForOneModelLoadItOnce) {
    open(1);  // a second copy would not fit
    std::vector<std::jthread> callers;
    std::atomic<int> served = 0;
    for (int i = 0; i < 8; ++i) {
        callers.emplace_back([&] {
            auto use = pool_->use("alpha", {});
            ASSERT_TRUE(use.ok()) << use.error().message;
            ++served;
            while (served < 8) std::this_thread::yield();  // all hold it at once
        });
    }
    callers.clear();
    EXPECT_EQ(model("alpha").in_use, 0);
    EXPECT_EQ(ledger_->used_bytes(), 2 * one_model_);
}

TEST_F(ModelPoolTest, AModelUnusedForLongestMakesRoom) {
    open(2);
    write("gamma", 4);
    ASSERT_TRUE(pool_->use("alpha", {}).ok());
    ASSERT_TRUE(pool_->use("beta", {}).ok());
    ASSERT_TRUE(pool_->use("alpha", {}).ok());
    ASSERT_TRUE(pool_->use("gamma", {}).ok());
    EXPECT_TRUE(loaded("alpha"));
    EXPECT_FALSE(loaded("beta"));
    EXPECT_TRUE(loaded("gamma"));
}

TEST_F(ModelPoolTest, AModelInUseNeverMakesRoomAndTheRefusalHasTheNumbers) {
    open(1);
    auto alpha = pool_->use("alpha", {});
    const std::size_t used = ledger_->used_bytes();
    const auto refused = pool_->use("beta", {});
    ASSERT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
    EXPECT_NE(refused.error().message.find("beta needs"), std::string::npos) << refused.error().message;
    EXPECT_NE(refused.error().message.find("memory.budget_mib"), std::string::npos);
    EXPECT_EQ(model("beta").problem, refused.error().message);
    EXPECT_EQ(ledger_->used_bytes(), used);
    EXPECT_EQ(answer(**alpha).size() > 0, true);
}

TEST_F(ModelPoolTest, AModelThatCannotFitCostsNoIdleModelItsPlace) {
    open(1);
    ASSERT_TRUE(pool_->use("alpha", {}).ok());
    std::ofstream(file("large"), std::ios::binary) << test::tiny_model({.layers = 40});
    const auto refused = pool_->use("large", {});
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument) << "waiting would not help";
    EXPECT_NE(refused.error().message.find("memory.budget_mib"), std::string::npos) << refused.error().message;
    EXPECT_TRUE(loaded("alpha"));
}

TEST_F(ModelPoolTest, GoesAfterItsTimeAndStaysWithoutOne) {
    options_.keep_loaded = 0s;
    open(2);
    ASSERT_TRUE(pool_->use("alpha", {}).ok());
    ASSERT_TRUE(pool_->use("beta", {}, -1s).ok());
    eventually([&] { return !loaded("alpha"); });
    EXPECT_TRUE(loaded("beta"));
    EXPECT_FALSE(model("beta").expires_at);
    ASSERT_TRUE(pool_->use("alpha", {}, 3600s).ok());
    const auto expires = model("alpha").expires_at;
    ASSERT_TRUE(expires);
    EXPECT_GT(*expires, std::chrono::system_clock::now() + 3000s);
    ASSERT_TRUE(pool_->use("alpha", {}, 1s).ok());
    eventually([&] { return !loaded("alpha"); });
    eventually([&] { return ledger_->used_bytes() == 2 * one_model_; });
}

TEST_F(ModelPoolTest, UnloadFreesTheMemoryAtOnce) {
    open(1);
    {
        auto alpha = pool_->use("alpha", {});
        EXPECT_EQ(pool_->unload("alpha").error().code, ErrorCode::kAlreadyExists);
    }
    ASSERT_TRUE(pool_->unload("alpha").ok());
    EXPECT_EQ(ledger_->used_bytes(), one_model_);
    EXPECT_TRUE(pool_->unload("alpha").ok()) << "of one that is not loaded";
    EXPECT_EQ(pool_->unload("main").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ModelPoolTest, ALoadThatFailsSaysWhyAndCanBeTriedAgain) {
    open(1);
    std::ofstream(file("alpha"), std::ios::binary) << "GGUF, but not really";
    const auto failed = pool_->use("alpha", {});
    ASSERT_FALSE(failed.ok());
    EXPECT_NE(failed.error().message.find("alpha.gguf"), std::string::npos) << failed.error().message;
    EXPECT_EQ(model("alpha").problem, failed.error().message);
    EXPECT_EQ(ledger_->used_bytes(), one_model_);
    write("alpha", 2);
    EXPECT_TRUE(pool_->use("alpha", {}).ok());
    EXPECT_EQ(model("alpha").problem, "");
}

TEST_F(ModelPoolTest, AReplacedFileCountsFromTheNextLoadOn) {
    open(1);
    const std::string before = answer(**pool_->use("alpha", {}));
    {
        auto held = pool_->use("alpha", {});
        write("alpha", 7);
        EXPECT_EQ(answer(**pool_->use("alpha", {})), before) << "in use: the old one answers";
        EXPECT_EQ(answer(**held), before);
    }
    EXPECT_NE(answer(**pool_->use("alpha", {})), before);
    std::filesystem::remove(file("alpha"));
    EXPECT_TRUE(pool_->use("alpha", {}).ok()) << "loaded: the file is not needed";
    ASSERT_TRUE(pool_->unload("alpha").ok());
    EXPECT_EQ(pool_->use("alpha", {}).error().code, ErrorCode::kNotFound);
}

TEST_F(ModelPoolTest, WhoCancelsLeavesAndOthersGetTheirModel) {
    open(1);
    for (int round = 0; round < 20; ++round) {
        std::stop_source leave;
        std::jthread other([&] { EXPECT_TRUE(pool_->use("alpha", {}).ok()); });
        std::jthread impatient([&] {
            const auto use = pool_->use("alpha", leave.get_token());
            EXPECT_TRUE(use.ok() || use.error().code == ErrorCode::kCancelled);
        });
        leave.request_stop();
        impatient.join();
        other.join();
        eventually([&] { return pool_->unload("alpha").ok(); });
        EXPECT_EQ(ledger_->used_bytes(), one_model_);
    }
    std::stop_source gone;
    gone.request_stop();
    EXPECT_EQ(pool_->use("alpha", gone.get_token()).error().code, ErrorCode::kCancelled);
}

TEST_F(ModelPoolTest, ALoadCanBeCancelledBetweenLayers) {
    open(1);
    std::stop_source cancel;
    EngineOptions engine = options_.engine;
    engine.model_path = file("alpha");
    const auto stopped = open_text_model(
        engine, *ledger_, [&](std::size_t, std::size_t) { cancel.request_stop(); }, cancel.get_token());
    ASSERT_FALSE(stopped.ok());
    EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
    EXPECT_EQ(ledger_->used_bytes(), one_model_);
}

}  // namespace
}  // namespace hearth::llm

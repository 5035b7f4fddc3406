#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "temporal/common/versioning.h"
#include "temporal/workflow/channel.h"
#include "temporal/workflow/context.h"

namespace temporal {

namespace internal {

// One run's workflow, types erased. Destroyed after its coroutines.
class WorkflowObject {
 public:
  virtual ~WorkflowObject() = default;
  virtual Task<Payload> Run(Payloads input) = 0;
};

using WorkflowFactory = std::function<std::unique_ptr<WorkflowObject>(Context)>;

template <class Method>
struct MethodTraits;
template <class C, class R, class... A>
struct MethodTraits<R (C::*)(A...)> {
  static_assert(sizeof...(A) <= 1, "a handler has one argument or none; several values are one message or std::tuple");
  using Result = R;
  using Argument = std::decay_t<std::tuple_element_t<0, std::tuple<A..., Nothing>>>;
  static_assert(!is_task<R> || (!std::is_reference_v<A> && ...), "a coroutine takes values, never references");
};
template <class C, class R, class... A>
struct MethodTraits<R (C::*)(A...) const> : MethodTraits<R (C::*)(A...)> {};

// What a handler returns, out of its Task if it is a coroutine.
template <class T>
struct Returned {
  using type = ValueOf<T>;
};
template <class T>
struct Returned<Task<T>> {
  using type = ValueOf<T>;
};

template <class W>
class WorkflowAdapter : public WorkflowObject {
 public:
  explicit WorkflowAdapter(Context context) : workflow(Make(std::move(context))) {}
  Task<Payload> Run(Payloads input) override {
    using Traits = MethodTraits<decltype(&W::Run)>;
    static_assert(is_task<typename Traits::Result>, "Run is a coroutine: it returns Task<Result>");
    auto call = [this](auto&&... argument) -> decltype(workflow->Run(std::forward<decltype(argument)>(argument)...)) {
      return workflow->Run(std::forward<decltype(argument)>(argument)...);
    };
    return EncodeResult(CallHandler<typename Traits::Argument>(call, input));
  }
  const std::unique_ptr<W> workflow;

 private:
  static std::unique_ptr<W> Make(Context context) {
    if constexpr (std::is_constructible_v<W, Context>) {
      return std::make_unique<W>(std::move(context));
    } else {
      return std::make_unique<W>();
    }
  }
};

class FunctionAdapter : public WorkflowObject {
 public:
  explicit FunctionAdapter(std::function<Task<Payload>(const Payloads&)> run) : run_(std::move(run)) {}
  Task<Payload> Run(Payloads input) override { return run_(input); }

 private:
  std::function<Task<Payload>(const Payloads&)> run_;
};

}  // namespace internal

// The workflows a worker can run, by type. Filled before the worker starts, then only read (from several threads).
class WorkflowRegistry {
 public:
  // Declares the handlers of a workflow class. `options` describe them to people.
  template <class W>
  class Definition {
   public:
    using Installer = std::function<void(W&, const Context&)>;
    explicit Definition(std::shared_ptr<std::vector<Installer>> installers) : installers_(std::move(installers)) {}

    // `handler` is a member `void F(Argument)` or `Task<void> F(Argument)`, or one without argument.
    template <class Method>
    Definition& Signal(std::string_view name, Method handler, HandlerOptions options = {}) {
      using Argument = typename internal::MethodTraits<Method>::Argument;
      installers_->push_back([name = std::string(name), handler, options](W& workflow, const Context& context) {
        context.HandleSignal(SignalRef<Argument>(name), Bind(workflow, handler), options);
      });
      return *this;
    }
    template <class Argument, class Method>
    Definition& Signal(const SignalRef<Argument>& signal, Method handler, HandlerOptions options = {}) {
      static_assert(std::is_same_v<Argument, typename internal::MethodTraits<Method>::Argument>);
      return Signal(signal.name, handler, std::move(options));
    }

    // `handler` is a member `Result F(Argument) const`, or one without argument.
    template <class Method>
    Definition& Query(std::string_view name, Method handler, HandlerOptions options = {}) {
      using Traits = internal::MethodTraits<Method>;
      using Result = std::decay_t<typename Traits::Result>;
      installers_->push_back([name = std::string(name), handler, options](W& workflow, const Context& context) {
        context.HandleQuery(QueryRef<typename Traits::Argument, Result>(name), Bind(workflow, handler), options);
      });
      return *this;
    }
    template <class Argument, class Result, class Method>
    Definition& Query(const QueryRef<Argument, Result>& query, Method handler, HandlerOptions options = {}) {
      static_assert(std::is_same_v<Argument, typename internal::MethodTraits<Method>::Argument>);
      return Query(query.name, handler, std::move(options));
    }

    // `handler` is a member `Result F(Argument)` or `Task<Result> F(Argument)`, or one without argument; `validator` a
    // member `void F(Argument) const`. See Context::HandleUpdate.
    template <class Argument, class Result, class Method>
    Definition& Update(const UpdateRef<Argument, Result>& update, Method handler, HandlerOptions options = {}) {
      CheckUpdate<Argument, Result, Method>();
      installers_->push_back([name = std::string(update.name), handler, options](W& workflow, const Context& context) {
        context.HandleUpdate(UpdateRef<Argument, Result>(name), Bind(workflow, handler), options);
      });
      return *this;
    }
    template <class Argument, class Result, class Method, class Validator>
    Definition& Update(const UpdateRef<Argument, Result>& update, Method handler, Validator validator,
                       HandlerOptions options = {}) {
      CheckUpdate<Argument, Result, Method>();
      using Traits = internal::MethodTraits<Validator>;
      static_assert(std::is_void_v<typename Traits::Result>, "a validator returns nothing: it throws to reject");
      static_assert(std::is_same_v<Argument, typename Traits::Argument>);
      installers_->push_back(
          [name = std::string(update.name), handler, validator, options](W& workflow, const Context& context) {
            const W& read_only = workflow;
            context.HandleUpdate(UpdateRef<Argument, Result>(name), Bind(workflow, handler), Bind(read_only, validator),
                                 options);
          });
      return *this;
    }

   private:
    template <class Argument, class Result, class Method>
    static void CheckUpdate() {
      using Traits = internal::MethodTraits<Method>;
      static_assert(std::is_same_v<Argument, typename Traits::Argument>);
      static_assert(std::is_same_v<Result, typename internal::Returned<std::decay_t<typename Traits::Result>>::type>);
    }

    template <class Workflow, class Method>
    static auto Bind(Workflow& workflow, Method handler) {
      return [&workflow, handler](
                 auto&&... argument) -> decltype((workflow.*handler)(std::forward<decltype(argument)>(argument)...)) {
        return (workflow.*handler)(std::forward<decltype(argument)>(argument)...);
      };
    }
    std::shared_ptr<std::vector<Installer>> installers_;
  };

  // W has `Task<Result> Run(Request)` (or `Run()`), and a constructor from Context or a default one. One object per
  // run; its constructor must not start steps. The same type twice is a programming error and aborts. `behavior`:
  // what workers with WorkerDeploymentOptions::use_versioning say of its runs.
  template <class W>
  Definition<W> Add(std::string_view type, VersioningBehavior behavior = VersioningBehavior::kUnspecified) {
    auto installers = std::make_shared<std::vector<typename Definition<W>::Installer>>();
    const auto factory = [installers](Context context) -> std::unique_ptr<internal::WorkflowObject> {
      auto adapter = std::make_unique<internal::WorkflowAdapter<W>>(context);
      for (const auto& install : *installers) install(*adapter->workflow, context);
      return adapter;
    };
    AddFactory(type, factory, behavior);
    return Definition<W>(std::move(installers));
  }
  template <class W, class Request, class Result>
  Definition<W> Add(const WorkflowRef<Request, Result>& ref,
                    VersioningBehavior behavior = VersioningBehavior::kUnspecified) {
    using Traits = internal::MethodTraits<decltype(&W::Run)>;
    static_assert(std::is_same_v<Request, typename Traits::Argument>, "Run takes another request than the reference");
    static_assert(std::is_same_v<Result, internal::ValueOf<typename Traits::Result::value_type>>);
    return Add<W>(ref.name, behavior);
  }

  // A workflow that is one function: Task<Result>(Context, Request).
  template <class Request, class Result, class F>
  void AddFunction(const WorkflowRef<Request, Result>& ref, F function,
                   VersioningBehavior behavior = VersioningBehavior::kUnspecified) {
    const auto factory = [function =
                              std::move(function)](Context context) -> std::unique_ptr<internal::WorkflowObject> {
      return std::make_unique<internal::FunctionAdapter>([function, context](const Payloads& input) {
        return internal::EncodeResult(function(context, internal::DecodeArguments<Request>(input)));
      });
    };
    AddFactory(ref.name, factory, behavior);
  }

  void AddFactory(std::string_view type, internal::WorkflowFactory factory,
                  VersioningBehavior behavior = VersioningBehavior::kUnspecified);

  // Null if there is none of that type.
  const internal::WorkflowFactory* Find(std::string_view type) const;
  // kUnspecified if none was given, or there is none of that type.
  VersioningBehavior Behavior(std::string_view type) const;
  std::vector<std::string> Types() const;
  bool empty() const { return factories_.empty(); }

 private:
  std::map<std::string, internal::WorkflowFactory, std::less<>> factories_;
  std::map<std::string, VersioningBehavior, std::less<>> behaviors_;  // of those that have one
};

}  // namespace temporal

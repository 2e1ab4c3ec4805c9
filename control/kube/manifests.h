// Objects from files: manifests as they are applied, and what kubectl prints of a cluster.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/kube/objects.h"
#include "dataplane/model/config.h"

namespace sallyport::kube {

struct Manifests {
  std::vector<ObjectPtr> objects;  // one of a kind and name; of several the last
  Problems problems;               // of files that cannot be read, and of objects in them
  std::map<std::pair<Kind, ObjectName>, size_t> index;  // of `objects`
};

/// Reads `path`: a file, or every .yaml, .yml and .json in a folder and its folders, by their
/// names. A file may have several documents, and lists of objects. Objects of kinds that are not
/// used are passed over; what names no namespace is in "default", and what has no creationTimestamp
/// was made in the order in which it is read. Blocks on the file system.
Manifests read_manifests(const std::string& path);

/// Adds what is in a text, which `file` is the name of.
void read_manifest(std::string_view text, const std::string& file, Manifests& manifests);

/// In place of what there was by its kind and name.
void add_object(ObjectPtr object, Manifests& manifests);

/// What brings somebody who has `before` to `after`.
ObjectChanges changes_between(const std::vector<ObjectPtr>& before,
                              const std::vector<ObjectPtr>& after);

}  // namespace sallyport::kube
